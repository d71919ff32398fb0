import { HAPROXY } from '../../examples/run/gateway.ts';
import { describeGateway } from './suite.ts';

describeGateway(HAPROXY, { outage: 503, misconfigured: 503, routeRequires: true });
