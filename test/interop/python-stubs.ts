import { spawnSync } from 'node:child_process';
import { cpSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const PROTO = fileURLToPath(new URL('../../proto', import.meta.url));

/** Generates Python code from the contract into `dir`, as a client's author would. */
export function generatePythonStubs(python: string, dir: string): void {
  const thirdParty = join(dir, 'third_party');
  cpSync(join(PROTO, 'third_party'), thirdParty, { recursive: true });
  forgetOptionalLabels(join(thirdParty, 'google/rpc/error_details.proto'));
  const files = [PROTO, thirdParty].flatMap((root) =>
    readdirSync(root, { recursive: true, encoding: 'utf8' })
      .filter((file) => file.endsWith('.proto') && !file.startsWith('third_party'))
      .map((file) => file.replaceAll('\\', '/')),
  );
  const result = spawnSync(
    python,
    [
      ...['-m', 'grpc_tools.protoc', '-I', PROTO, '-I', thirdParty],
      ...[`--python_out=${dir}`, `--grpc_python_out=${dir}`],
      ...files,
    ],
    { encoding: 'utf8' },
  );
  if (result.status !== 0) throw new Error(`protoc failed: ${result.stderr}`);
}

/** Distributions ship compilers from before proto3 had the label back; the wire does not show it. */
function forgetOptionalLabels(file: string): void {
  writeFileSync(file, readFileSync(file, 'utf8').replace(/^(\s*)optional /gm, '$1'));
}
