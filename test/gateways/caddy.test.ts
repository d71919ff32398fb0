import { CADDY_GATEWAY } from '../../examples/run/gateway.ts';
import { describeGateway } from './suite.ts';

describeGateway(CADDY_GATEWAY, { outage: 503, misconfigured: 500, routeRequires: true });
