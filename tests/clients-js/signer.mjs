// Makes a key, or signs with one, by the algorithms that the Rust side of the tests has no crate for.
//
//   node signer.mjs < {"alg": "RS256"}                                    -> {"private": jwk, "public": jwk}
//   node signer.mjs < {"alg": "RS256", "private": jwk, "message": "..."}  -> {"signature": base64url}
import { createPrivateKey, generateKeyPairSync, sign } from "node:crypto";
import { readFileSync } from "node:fs";

const { alg, private: key, message } = JSON.parse(readFileSync(0, "utf8"));

const KINDS = {
  ES256: ["ec", { namedCurve: "P-256" }],
  RS256: ["rsa", { modulusLength: 2048 }],
  EdDSA: ["ed25519", {}],
};

if (message === undefined) {
  const { publicKey, privateKey } = generateKeyPairSync(...KINDS[alg]);
  const jwk = (one) => one.export({ format: "jwk" });
  console.log(JSON.stringify({ private: jwk(privateKey), public: jwk(publicKey) }));
} else {
  const options = { key: createPrivateKey({ key, format: "jwk" }), dsaEncoding: "ieee-p1363" };
  const digest = alg === "EdDSA" ? null : "sha256";
  console.log(JSON.stringify({ signature: sign(digest, Buffer.from(message), options).toString("base64url") }));
}
