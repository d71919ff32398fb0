// Edges that hold their leases and do nothing else until they are told to end. Prints a line when each of
// them can answer by itself.
import { connect, readPlan } from './edge-process.ts';

const plan = readPlan<{ readonly edges: number }>();
const edges = await Promise.all(Array.from({ length: plan.edges }, () => connect(plan)));
const idle = edges.find(({ state }) => state !== 'LIVE');
if (idle) throw new Error(`an edge is ${idle.state}: ${idle.lastError}`);
process.once('SIGTERM', async () => {
  await Promise.all(edges.map((edge) => edge.close()));
  process.exit(0);
});
console.log('ready');
