import { ENVOY_GRPC } from '../../examples/run/gateway.ts';
import { describeGateway } from './suite.ts';

describeGateway(ENVOY_GRPC, { outage: 503, misconfigured: 503, routeRequires: true });
