import type { Deadline } from '../domain/call.ts';
import type { Records } from '../domain/records.ts';
import type { Runner } from './dispatch/runner.ts';
import { SCRIPTS } from './scripts/script.ts';

/** Named documents in one Redis hash, shared by all servers. */
export function createRecords(runner: Runner, key: string): Records {
  return {
    async all(deadline: Deadline) {
      const hash = await runner.read(key, deadline, (node) => node.hgetall(key), 'own');
      return new Map(Object.entries(hash));
    },
    async put(name, value, expected, deadline) {
      const args = [name, value, expected === null ? 0 : 1, expected ?? ''];
      const reply: unknown = await runner.run(SCRIPTS.recordPut, [key], args, deadline);
      return reply === 1;
    },
    async delete(name, deadline) {
      return (await runner.read(key, deadline, (node) => node.hdel(key, name), 'own')) === 1;
    },
  };
}
