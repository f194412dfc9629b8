import {
  array,
  config,
  gte,
  int,
  lte,
  maxLength,
  minLength,
  number,
  object,
  strictObject,
  string,
} from 'zod/mini';
import en from 'zod/v4/locales/en.js';

// zod/mini comes without words; what is wrong with an order should be said in some.
config(en());

const line = strictObject({
  sku: string().check(minLength(1), maxLength(64)),
  quantity: number().check(int(), gte(1), lte(10_000)),
});

/** What a customer sends. */
export const newOrderSchema = strictObject({
  customer: string().check(minLength(1), maxLength(200)),
  lines: array(line).check(minLength(1), maxLength(100)),
});

/** What is kept. */
export const orderSchema = object({
  id: string(),
  /** ISO 8601, UTC. */
  acceptedAt: string(),
  customer: string(),
  lines: array(line),
});

export type NewOrder = ReturnType<typeof newOrderSchema.parse>;
export type Order = ReturnType<typeof orderSchema.parse>;
