/** What closes the parts that have been started, in the order of their starts. */
export type Undo = (() => unknown)[];

/**
 * Starts what has several parts. `start` adds to `undo` what closes each part once it is there; `close`
 * does all of that, the last part first, and once. Rejects, with nothing left running, if any part cannot
 * start.
 */
export async function startParts<Whole>(
  start: (undo: Undo, close: () => Promise<void>) => Promise<Whole>,
): Promise<Whole> {
  const undo: Undo = [];
  const close = async () => {
    for (const step of undo.splice(0).reverse()) await step();
  };
  try {
    return await start(undo, close);
  } catch (error) {
    await close();
    throw error;
  }
}
