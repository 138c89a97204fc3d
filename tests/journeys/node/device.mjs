// A device without a browser: openid-client shows a code, waits, and gets its tokens.
import * as client from "openid-client";

import { ask, run } from "./conversation.mjs";

await run(async (given) => {
  const config = await client.discovery(
    new URL(given.issuer), given.client_id, {}, client.None(),
    { execute: [client.allowInsecureRequests] },
  );
  const started = await client.initiateDeviceAuthorization(config, { scope: "openid" });
  await ask({ code: started.user_code, complete: started.verification_uri_complete });
  const tokens = await client.pollDeviceAuthorizationGrant(config, { ...started, interval: 1 });
  return { claims: tokens.claims(), userinfo: await client.fetchUserInfo(config, tokens.access_token, tokens.claims().sub) };
});
