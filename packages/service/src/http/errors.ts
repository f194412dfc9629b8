import { defineErrors } from '@mainstay/core';

export const httpErrors = defineErrors('http', {
  HTTP_PORT_IN_USE: {
    kind: 'environment',
    summary: 'Another program listens on the port',
    action: 'Stop the other program, or configure another port',
  },
  HTTP_NO_PERMISSION: {
    kind: 'environment',
    summary: 'The process may not listen on the port',
    action: 'Use a port above 1023, socket activation, or AmbientCapabilities=CAP_NET_BIND_SERVICE',
  },
  HTTP_ADDRESS_UNAVAILABLE: {
    kind: 'operator',
    summary: 'The address to listen on is not one of this machine',
    action: 'Configure an address that this machine has, or none for all of them',
  },
  HTTP_LISTEN_FAILED: {
    kind: 'environment',
    summary: 'The server could not listen',
    action: 'See the cause',
  },
  HTTP_BODY_TOO_LARGE: {
    kind: 'operator',
    summary: 'The body of a request is larger than the limit',
    action: 'Send less, or raise the limit',
  },
  HTTP_BODY_INVALID: {
    kind: 'operator',
    summary: 'The body of a request is not JSON in UTF-8',
    action: 'Send a JSON document with the content type application/json',
  },
});
