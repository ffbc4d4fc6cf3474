// Reads an AsyncAPI document with the AsyncAPI project's own parser; prints its findings and fails on any error.
const { readFileSync } = require('node:fs');
const { Parser } = require('@asyncapi/parser');

(async () => {
  const { document, diagnostics } = await new Parser().parse(readFileSync(process.argv[2], 'utf8'));
  const errors = diagnostics.filter((finding) => finding.severity === 0);
  for (const finding of errors) console.log(`${finding.path.join('.')}: ${finding.message}`);
  if (errors.length || !document) process.exit(1);
  console.log(JSON.stringify({
    operations: document.operations().all().map((operation) => operation.id()).sort(),
    channels: document.channels().all().map((channel) => channel.address()).sort(),
    warnings: diagnostics.filter((finding) => finding.severity === 1).map((finding) => finding.message),
  }));
})();
