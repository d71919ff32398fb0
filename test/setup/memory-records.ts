import { setImmediate } from 'node:timers/promises';
import type { Records } from '../../src/domain/records.ts';

/**
 * Records in memory, for tests of what is built on the interface: honours compare-and-set, and takes
 * a turn of the event loop per call, so that writers do interleave.
 */
export class MemoryRecords implements Records {
  readonly documents = new Map<string, string>();
  /** When set, every call fails with it. */
  failure: Error | undefined;
  reads = 0;
  refusedWrites = 0;

  async all(): Promise<Map<string, string>> {
    this.reads += 1;
    await this.#turn();
    return new Map(this.documents);
  }

  async put(name: string, value: string, expected: string | null): Promise<boolean> {
    await this.#turn();
    if ((this.documents.get(name) ?? null) !== expected) {
      this.refusedWrites += 1;
      return false;
    }
    this.documents.set(name, value);
    return true;
  }

  async delete(name: string): Promise<boolean> {
    await this.#turn();
    return this.documents.delete(name);
  }

  async #turn(): Promise<void> {
    await setImmediate();
    if (this.failure !== undefined) throw this.failure;
  }
}
