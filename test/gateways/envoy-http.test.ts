import { ENVOY_HTTP } from '../../examples/run/gateway.ts';
import { describeGateway } from './suite.ts';

describeGateway(ENVOY_HTTP, { outage: 503, misconfigured: 503, routeRequires: false });
