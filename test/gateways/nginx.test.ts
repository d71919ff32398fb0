import { NGINX } from '../../examples/run/gateway.ts';
import { describeGateway } from './suite.ts';

describeGateway(NGINX, { outage: 500, misconfigured: 500, routeRequires: true });
