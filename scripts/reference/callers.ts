// The access table in docs/CALLERS.md, from src/policy/.
import { readFileSync } from 'node:fs';
import { documentAccess } from '../../src/policy/access-rows.ts';

const SECTION = /(<!-- access table: [^>]*-->\n)[\s\S]*?(\n<!-- end of access table -->)/;

/** The page as it is, with the table as it should be. */
export function callersPage(file: string): { file: string; text: string } {
  const text = readFileSync(file, 'utf8');
  if (!SECTION.test(text)) throw new Error(`${file} has no place for the access table`);
  const table = documentAccess();
  return { file, text: text.replace(SECTION, (_, begin, end) => `${begin}\n${table}\n${end}`) };
}
