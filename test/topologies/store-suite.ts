import { endsSuite } from './ends-suite.ts';
import { sessionsSuite } from './sessions-suite.ts';
import { type OpenStore, storeSubject } from './store-subject.ts';
import { upkeepSuite } from './upkeep-suite.ts';

/** What a store has to do on every topology. `open` is called once, before the first test. */
export function storeSuite(open: () => Promise<OpenStore>): void {
  const subject = storeSubject(open);
  sessionsSuite(subject);
  endsSuite(subject);
  upkeepSuite(subject);
}
