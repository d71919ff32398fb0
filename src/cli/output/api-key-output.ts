import { closeSync, openSync, unlinkSync, writeSync } from 'node:fs';
import type { Command } from 'commander';
import { invalidField } from '../../domain/errors.ts';

export interface ApiKeyOutput {
  readonly save?: string;
  readonly quiet?: boolean;
}

/** The options by which a new API key reaches its owner without being shown. */
export function addApiKeyOutput(command: Command): Command {
  return command
    .option('--save <file>', 'write the API key to a new file that only you can read')
    .option('--quiet', 'print the API key only');
}

/**
 * Makes a call that answers with an API key, and writes the key to `path`. The file is made before
 * the call: a key that could not be written afterwards would be lost, for it is shown only once.
 */
export async function savingKey<T extends { readonly apiKey: string }>(
  path: string | undefined,
  call: () => Promise<T>,
): Promise<T> {
  if (path === undefined) return call();
  const file = openNew(path);
  try {
    const answer = await call();
    writeSync(file, `${answer.apiKey}\n`);
    return answer;
  } catch (error) {
    unlinkSync(path);
    throw error;
  } finally {
    closeSync(file);
  }
}

function openNew(path: string): number {
  try {
    return openSync(path, 'wx', 0o600);
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code;
    throw invalidField(
      '--save',
      code === 'EEXIST' ? `${path} exists already` : `cannot write ${path} (${code})`,
    );
  }
}
