// npm run example -- NAME [--edge]: runs an example beside the Signum that `npm start` runs, at the port PORT.
import { fail, findDev } from './dev.ts';
import { GATEWAYS } from './gateway.ts';
import { requirePort } from './port.ts';
import { APPS, runApp } from './run-app.ts';
import { runGateway } from './run-gateway.ts';

const [name = '', option, ...others] = process.argv.slice(2);
const atEdge = option === '--edge';
const isUnderstood = (option === undefined || atEdge) && others.length === 0;
const gateway = GATEWAYS.find((each) => each.name === name);
const isApp = APPS.includes(name) && option === undefined;
if (!isUnderstood || (gateway === undefined && !isApp)) {
  const gateways = GATEWAYS.map((each) => each.name).join('|');
  fail(
    `Usage: npm run example -- <${gateways}> [--edge]\n       npm run example -- <${APPS.join('|')}>`,
  );
}
const port = await requirePort(gateway === undefined ? 3_000 : 8_080);
if (gateway === undefined) await runApp(name, findDev(), port);
else {
  if (atEdge && gateway.credentials.length === 0) fail(`${name} asks nobody, and no edge.`);
  if (gateway.executable() === undefined) fail(`${name} is not here. It needs ${gateway.needs}.`);
  await runGateway(gateway, findDev(), atEdge, port);
}
