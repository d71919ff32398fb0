import { fileURLToPath } from 'node:url';
import { onCpus } from '../lab/cpus.ts';
import type { Lab } from '../lab/lab.ts';
import type { LoadResult } from '../load/load-result.ts';
import { runTool } from '../load/run-tool.ts';
import type { Contender } from './contender.ts';

const LOOP = fileURLToPath(new URL('sign-loop.ts', import.meta.url));

export type SigningKind = 'jose' | 'crypto' | 'jose-verify' | 'crypto-verify' | 'proof';

/** Signing or verifying in a loop on the server's CPU: one thread, no network. */
export function signingContender(lab: Lab, name: string, kind: SigningKind): Contender {
  return {
    name,
    // Each load is a process of its own, which counts its own CPU time.
    pid: 0,
    async load(seconds) {
      const argv = [process.execPath, LOOP, JSON.stringify({ kind, seconds })];
      const counted = JSON.parse(await runTool(onCpus(lab.cpus.server, argv))) as Counted;
      return { ...counted, failed: 0, latency: { p50Us: 0, p99Us: 0, p999Us: 0 } };
    },
  };
}

type Counted = Pick<LoadResult, 'calls' | 'seconds' | 'cpuMs'>;
