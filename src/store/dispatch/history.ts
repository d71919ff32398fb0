/**
 * Where a primary's stream of writes stands. The id is new whenever a server becomes primary or starts:
 * the same id twice means that the server has been the primary all the while, so that what was written
 * at the first look is still there at the second.
 */
export interface History {
  readonly id: string;
  /** Everything written so far lies before it. */
  readonly offset: number;
  /** Replicas that are linked, those that are still loading too. */
  readonly linked: number;
  /** What each replica that follows has acknowledged. */
  readonly acknowledged: readonly number[];
}

/** Reads the answer to INFO replication; undefined if the server is no primary. */
export function readHistory(info: unknown): History | undefined {
  const text = String(info);
  const id = /^master_replid:([0-9a-f]+)\r?$/m.exec(text)?.[1];
  const offset = /^master_repl_offset:(\d+)\r?$/m.exec(text)?.[1];
  if (id === undefined || offset === undefined || !/^role:master\r?$/m.test(text)) return undefined;
  const replicas = [...text.matchAll(/^slave\d+:(.*?)\r?$/gm)].map(([, fields = '']) => fields);
  return {
    id,
    offset: Number(offset),
    linked: replicas.length,
    acknowledged: replicas
      .filter((fields) => fields.includes('state=online'))
      .map((fields) => Number(/\boffset=(\d+)/.exec(fields)?.[1] ?? -1)),
  };
}
