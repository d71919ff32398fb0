import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { REQUIREMENT_HEADERS } from '../../src/gateway/requirements.ts';

const SOURCES = 'src/gateway';
const NAME = /(?<=')x-signum-[a-z-]+(?=')/g;

/** Every header of Signum's own that the code of the doors knows, by its lower-case name. */
export const OWN_HEADERS: readonly string[] = [
  ...new Set(
    readdirSync(SOURCES)
      .filter((file) => !file.endsWith('.test.ts'))
      .flatMap((file) => readFileSync(join(SOURCES, file), 'utf8').match(NAME) ?? []),
  ),
];

/** Those by which an operator asks more of a token: from a client they can only make it stricter. */
const REQUIREMENTS: ReadonlySet<string> = new Set(Object.values(REQUIREMENT_HEADERS));
export const TOLD_HEADERS = OWN_HEADERS.filter((name) => !REQUIREMENTS.has(name));

/** Spellings of a name that are one to services that know no hyphens in names (CGI, WSGI, PHP). */
export function spellingsOf(name: string): readonly string[] {
  const [first, second, ...rest] = name.split('-');
  const tail = rest.join('-');
  return [
    name,
    `${first}_${second}_${tail.replaceAll('-', '_')}`,
    `${first}-${second}_${tail}`,
    `${first}_${second}-${tail}`,
  ];
}
