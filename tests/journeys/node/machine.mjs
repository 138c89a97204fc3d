// A program that calls an API in its own name: openid-client's client credentials grant.
import * as client from "openid-client";

import { run } from "./conversation.mjs";

await run(async (given) => {
  const config = await client.discovery(
    new URL(given.issuer),
    given.client_id,
    {},
    client.ClientSecretBasic(given.client_secret),
    { execute: [client.allowInsecureRequests] },
  );
  return client.clientCredentialsGrant(config, { scope: given.scope, resource: given.resource });
});
