import { join } from 'node:path';
import { documentConfig } from '../../src/config/config.ts';
import { callersPage } from './callers.ts';
import { ROOT, readContract } from './contract.ts';
import { errorsReference } from './errors.ts';
import { metricsReference } from './metrics.ts';
import { rpcsReference } from './rpcs.ts';

export interface GeneratedPage {
  /** Absolute path. */
  readonly file: string;
  readonly text: string;
}

/** Every generated page as it should be. */
export async function generatedPages(): Promise<GeneratedPage[]> {
  const contract = readContract();
  const page = (name: string, text: string) => ({ file: join(ROOT, 'docs/reference', name), text });
  return [
    page('errors.md', errorsReference(contract)),
    page('rpcs.md', rpcsReference(contract)),
    page('metrics.md', await metricsReference()),
    page('settings.md', documentConfig()),
    callersPage(join(ROOT, 'docs/CALLERS.md')),
  ];
}
