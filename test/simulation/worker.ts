import { runBlock } from './run-blocks.ts';

/** Runs the schedules that it is told to, and tells what came of them. */
process.on('disconnect', () => process.exit());
process.on('message', ([first, end]: [number, number]) => {
  process.send?.(runBlock(first, end));
});
