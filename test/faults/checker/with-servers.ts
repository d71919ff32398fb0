import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Rig, type RigOptions, startRig, type TopologyName } from './rig.ts';
import { newDeployment, SignumProcess } from './signum-process.ts';

export interface Stage {
  readonly rig: Rig;
  readonly servers: readonly SignumProcess[];
}

/** Two servers on a Redis of some topology, for as long as `act` takes. */
export async function withServers<T>(
  topology: TopologyName,
  act: (stage: Stage) => Promise<T>,
  options: RigOptions = { extraArgs: [] },
): Promise<T> {
  const rig = await startRig(topology, options);
  const dir = mkdtempSync(join(tmpdir(), 'signum-faults-'));
  const servers: SignumProcess[] = [];
  try {
    const deployment = await newDeployment(dir, rig.url, undefined);
    for (let i = 0; i < 2; i++) servers.push(await SignumProcess.start(deployment));
    return await act({ rig, servers });
  } finally {
    await Promise.all(servers.map((server) => server.kill()));
    for (const server of servers) server.agent.destroy();
    await rig.stop();
    rmSync(dir, { recursive: true, force: true });
  }
}
