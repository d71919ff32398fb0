// The contract with its comments, as buf reads it from proto/.
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { createFileRegistry, type FileRegistry, fromBinary } from '@bufbuild/protobuf';
import { FileDescriptorSetSchema } from '@bufbuild/protobuf/wkt';

export const ROOT = fileURLToPath(new URL('../..', import.meta.url));

/** Throws what buf says if proto/ is no contract. */
export function readContract(): FileRegistry {
  const folder = mkdtempSync(join(tmpdir(), 'signum-reference-'));
  try {
    const image = join(folder, 'contract.binpb');
    const result = spawnSync(
      join(ROOT, 'node_modules/.bin/buf'),
      ['build', '.', '--path', 'proto/signum', '--as-file-descriptor-set', '-o', image],
      { cwd: ROOT, encoding: 'utf8' },
    );
    if (result.status !== 0) throw new Error(result.stderr || String(result.error));
    return createFileRegistry(fromBinary(FileDescriptorSetSchema, readFileSync(image)));
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
