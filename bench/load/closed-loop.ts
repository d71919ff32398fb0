import type { LoopOptions, LoopResult } from './loop.ts';
import type { RawConnection } from './raw-connection.ts';

/** Calls one after the other on each connection, as many as the server takes. */
export async function closedLoop(options: LoopOptions): Promise<LoopResult> {
  const { connections, seconds, nextRequest } = options;
  const latenciesUs: number[] = [];
  const endsAt = performance.now() + seconds * 1_000;
  let failed = 0;
  const callInTurn = (connection: RawConnection) =>
    new Promise<void>((done) => {
      const step = () => {
        const since = performance.now();
        const bytes = since < endsAt ? nextRequest() : undefined;
        if (bytes === undefined) return done();
        return connection.send(bytes, (status) => {
          if (status === 200) latenciesUs.push((performance.now() - since) * 1_000);
          else failed += 1;
          step();
        });
      };
      step();
    });
  await Promise.all(connections.map(callInTurn));
  return { calls: latenciesUs.length, failed, latenciesUs: Float64Array.from(latenciesUs) };
}
