import { type Attack, withPayload } from './attack.ts';
import { forge, respell } from './forge.ts';

export const SPELLING_ATTACKS: readonly Attack[] = [
  [
    'unused bits set, padding, foreign alphabets and white space in any segment',
    ({ access: { raw } }) =>
      [0, 1, 2].flatMap((at) => {
        const swap = (segment: string) => raw.map((one, i) => (i === at ? segment : one)).join('.');
        const segment = raw[at] ?? '';
        const middle = segment.length >> 1;
        const put = (text: string) => segment.slice(0, middle) + text + segment.slice(middle);
        return [
          respell(segment) ?? `${segment}A`,
          `${segment}=`,
          `${segment}==`,
          put(' '),
          put('\n'),
          put('\t'),
          put('='),
          put('%2E'),
          `${segment}+`,
          `${segment}/`,
        ].map(swap);
      }),
  ],
  [
    'something around a good token',
    ({ pair: { accessToken } }) => [
      `Bearer ${accessToken}`,
      ` ${accessToken}`,
      `${accessToken}\n`,
      `${accessToken}.`,
      `.${accessToken}`,
      `${accessToken}\0`,
      `\ufeff${accessToken}`,
      accessToken.replace('.', '。'),
      accessToken.toUpperCase(),
    ],
  ],
  [
    'JSON in another spelling: doubled names, white space, escapes, byte order mark, NUL, bad UTF-8',
    (on) => {
      const text = JSON.stringify(on.access.payload);
      const header = JSON.stringify(on.access.header);
      const inPayload = [
        text.replace('{', '{"sub":"root",'),
        text.replace(/}$/, ',"exp":9999999999}'),
        text.replace(/}$/, ',"__proto__":{"exp":9999999999}}').replace('"sub"', '"SUB"'),
        ` ${text}`,
        `${text}\n`,
        `\ufeff${text}`,
        `${text}\0`,
        text.replace('"sub"', '"\\u0073ub"'),
        text.replace('"sub":"', '"sub":"\\ud800'),
        text.replace(/"exp":(\d+)/, '"exp":$1.0'),
        text.replace(/"exp":(\d+)/, '"exp":1e400'),
        text.replace(/"exp":(\d+)/, '"exp":$1e0'),
        `[${text}]`,
        'null',
        '',
        '{',
        Buffer.concat([
          Buffer.from(text.slice(0, -2)),
          Buffer.from([0xff, 0xfe]),
          Buffer.from('"}'),
        ]),
      ].map((payload) => withPayload(on, payload));
      const inHeader = [
        header.replace('{', '{"alg":"none",'),
        header.replace(/}$/, ',"alg":"none"}'),
        ` ${header}`,
        `\ufeff${header}`,
        header.replace('"alg"', '"\\u0061lg"'),
        JSON.stringify(Object.fromEntries(Object.entries(on.access.header).toReversed())),
      ].map((changed) => forge(changed, on.access.payload, on.jwks.ES256));
      return [...inPayload, ...inHeader];
    },
  ],
  [
    'nothing much, or far too much',
    ({ access: { raw } }) => [
      '',
      '.',
      '..',
      '...',
      'a.b.c',
      raw[0],
      'A'.repeat(4_097),
      'A.'.repeat(30_000),
    ],
  ],
];
