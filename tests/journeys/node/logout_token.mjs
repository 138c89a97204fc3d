// Neither library knows logout tokens; jose checks the signature, and the rules of Back-Channel Logout 1.0
// section 2.6 stand here.
import * as jose from "jose";

import { run } from "./conversation.mjs";

const EVENT = "http://schemas.openid.net/event/backchannel-logout";

await run(async (given) => {
  const metadata = await (await fetch(`${given.issuer}/.well-known/openid-configuration`)).json();
  const keys = jose.createRemoteJWKSet(new URL(metadata.jwks_uri));
  const { payload, protectedHeader } = await jose.jwtVerify(given.token, keys, {
    issuer: metadata.issuer,
    audience: given.client_id,
    typ: "logout+jwt",
    algorithms: ["RS256"],
    requiredClaims: ["iat", "exp", "jti", "events"],
  });
  const event = payload.events[EVENT];
  if (!event || typeof event !== "object") throw new Error("it tells of no sign-out");
  if (!payload.sub && !payload.sid) throw new Error("it says neither who nor which session");
  if ("nonce" in payload) throw new Error("it could be taken for an ID token");
  return { payload, header: protectedHeader };
});
