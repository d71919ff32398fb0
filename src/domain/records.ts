import type { Deadline } from './call.ts';

/** A small set of named JSON documents that servers share: signing keys, callers. */
export interface Records {
  /** Every document by its name, as stored. */
  all(deadline: Deadline): Promise<Map<string, string>>;
  /**
   * Writes a document if it still is what the writer has seen, so that two writers never undo each
   * other. `expected` is the text seen, or null if there was none. False: it has changed meanwhile.
   */
  put(name: string, value: string, expected: string | null, deadline: Deadline): Promise<boolean>;
  /** Deletes a document; false if there was none. */
  delete(name: string, deadline: Deadline): Promise<boolean>;
}
