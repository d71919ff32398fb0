import { readFileSync } from 'node:fs';
import { relative } from 'node:path';
import { expect, test } from 'vitest';
import { ROOT } from '../../scripts/reference/contract.ts';
import { generatedPages } from '../../scripts/reference/pages.ts';

const pages = await generatedPages();

test.each(pages.map(({ file, text }) => ({ name: relative(ROOT, file), file, text })))(
  '$name is what `npm run docs` writes',
  ({ file, text }) => {
    expect(readFileSync(file, 'utf8')).toBe(text);
  },
);
