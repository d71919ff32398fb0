// Writes the access table into docs/CALLERS.md, from src/policy/access.ts.
import { readFileSync, writeFileSync } from 'node:fs';
import { documentAccess } from '../src/policy/access-rows.ts';

const DOCUMENT = new URL('../docs/CALLERS.md', import.meta.url);
const SECTION = /(<!-- access table: [^>]*-->\n)[\s\S]*?(\n<!-- end of access table -->)/;

const text = readFileSync(DOCUMENT, 'utf8');
if (!SECTION.test(text)) throw new Error('docs/CALLERS.md has no place for the access table');
writeFileSync(
  DOCUMENT,
  text.replace(SECTION, (_, begin, end) => `${begin}\n${documentAccess()}\n${end}`),
);
console.log('Wrote the access table of docs/CALLERS.md.');
