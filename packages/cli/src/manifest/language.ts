import { didYouMean, evaluateTemplate, parseTemplate } from '@mainstay/service/config';
import type { ManifestLanguage } from '@mainstay/supervisor';

/** The same placeholders as in a service's own configuration. */
export function languageOf(env: NodeJS.ProcessEnv): ManifestLanguage {
  return {
    didYouMean,
    expand(text) {
      const parsed = parseTemplate(text);
      if (!parsed.ok) return { ok: false, message: parsed.error.message };
      const { text: expanded, missing } = evaluateTemplate(parsed.template, (name) => env[name]);
      if (missing.length === 0) return { ok: true, text: expanded };
      const names = missing.map((name) => `$${name}`).join(', ');
      return { ok: false, message: `${names} is not set; set it, or write \${NAME:default}` };
    },
  };
}
