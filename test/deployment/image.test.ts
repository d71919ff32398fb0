import { existsSync, readFileSync } from 'node:fs';
import { expect, test } from 'vitest';

/** What the image is built of: the sources of COPY lines, but for those that come from a stage. */
function copied(): string[] {
  const lines = readFileSync('Dockerfile', 'utf8').split('\n');
  return lines
    .filter((line) => line.startsWith('COPY ') && !line.includes('--from='))
    .flatMap((line) => line.split(/\s+/).slice(1, -1))
    .filter((source) => source !== '.');
}

test('everything that the Dockerfile copies is there, and sent to the engine', () => {
  const sent = readFileSync('.dockerignore', 'utf8')
    .split('\n')
    .filter((line) => line.startsWith('!'))
    .map((line) => line.slice(1));
  expect(copied()).toContain('packages');
  for (const source of copied()) {
    expect(existsSync(source), source).toBe(true);
    expect(
      sent.some((each) => source === each || source.startsWith(`${each}/`)),
      source,
    ).toBe(true);
  }
});

test('every workspace is sent to the engine, for the program imports them', () => {
  const { workspaces } = JSON.parse(readFileSync('package.json', 'utf8')) as {
    workspaces: string[];
  };
  for (const workspace of workspaces) expect(copied()).toContain(workspace.split('/')[0]);
});
