const timer = setInterval(() => undefined, 60_000);
process.on('SIGTERM', () => clearInterval(timer));
process.stdout.write('{"msg":"Service is up"}\n');
