// `npm run docs`: writes every page, and every part of one, that is generated.
import { writeFileSync } from 'node:fs';
import { generatedPages } from './reference/pages.ts';

for (const { file, text } of await generatedPages()) {
  writeFileSync(file, text);
  console.log(`Wrote ${file}`);
}
