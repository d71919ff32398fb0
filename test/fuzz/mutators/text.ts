import type { Random } from '../random.ts';
import type { Mutator } from './mutator.ts';

const ALPHABET = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_';
const JUNK = [
  ' ', '\n', '\r\n', '\t', '\0', '=', '==', '.', '..', '%2E', '+', '/', '\ufeff', '\u200b', '。', '．',
  'Bearer ', 'é', '\ud800', '😀', '"', '{', '\\', ',', ';', 'eyJ', 'null', '\u2028', '\x7f',
]; // biome-ignore format: a list

/** Works on the characters of a token, blind to what they mean. */
export const TEXT_MUTATORS: Readonly<Record<string, Mutator>> = {
  'replace characters': ({ random }, { token }) => alter(random, token, 1 + random.int(4)),
  'insert characters': ({ random }, { token }) => {
    const at = random.int(token.length + 1);
    return token.slice(0, at) + junk(random) + token.slice(at);
  },
  'delete characters': ({ random }, { token }) => {
    const at = random.int(token.length);
    return token.slice(0, at) + token.slice(at + 1 + random.int(random.chance(0.5) ? 1 : 40));
  },
  'repeat a part': ({ random }, { token }) => {
    const from = random.int(token.length);
    const to = from + random.int(random.chance(0.9) ? 64 : token.length);
    const times = random.chance(0.02) ? 1 + random.int(200) : 1;
    return token.slice(0, to) + token.slice(from, to).repeat(times) + token.slice(to);
  },
  'cut the token': ({ random }, { token }) =>
    random.chance(0.5)
      ? token.slice(0, random.int(token.length))
      : token.slice(random.int(token.length)),
  'change letter case': ({ random }, { token }) => {
    const at = random.int(token.length);
    const letter = token[at] ?? '';
    const other = letter === letter.toUpperCase() ? letter.toLowerCase() : letter.toUpperCase();
    return token.slice(0, at) + other + token.slice(at + 1);
  },
  'put something around it': ({ random }, { token }) =>
    random.chance(0.5) ? junk(random) + token : token + junk(random),
};

/** Replaces some characters, mostly by others of the same alphabet. */
export function alter(random: Random, text: string, count: number): string {
  let altered = text;
  for (let i = 0; i < count; i += 1) {
    const at = random.int(altered.length + 1);
    altered = altered.slice(0, at) + character(random) + altered.slice(at + 1);
  }
  return altered;
}

function character(random: Random): string {
  if (random.chance(0.8)) return ALPHABET[random.int(64)] ?? 'A';
  return String.fromCharCode(random.int(random.chance(0.7) ? 256 : 65_536));
}

function junk(random: Random): string {
  return random.chance(0.7) ? random.pick(JUNK) : character(random);
}
