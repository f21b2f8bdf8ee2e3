// SPDX-License-Identifier: Apache-2.0
// Says for which images skopeo verifies a signature at the pull, by /etc/containers/policy.json (containers-policy.json(5)). Pure.

export const SIGNATURE_POLICY = '/etc/containers/policy.json';

/** Returns true where a pull of the image, by its full name, fails without a valid signature. A text that is no such policy asks for none. */
export function wantsSignature(policyJson: string, image: string): boolean {
  let policy: unknown;
  try {
    policy = JSON.parse(policyJson);
  } catch {
    return false;
  }
  if (/^[a-z-]+:\//.test(image) || image.startsWith('frozen:')) return false;
  const scopes = member(member(policy, 'transports'), 'docker');
  const scope = scopesOf(image).find((name) => member(scopes, name) !== undefined);
  const requirements = scope === undefined ? member(policy, 'default') : member(scopes, scope);
  return (
    Array.isArray(requirements) &&
    requirements.some((one) => ['signedBy', 'sigstoreSigned', 'reject'].includes(typeOf(one)))
  );
}

/** Returns the scopes of an image, the most specific first: name and tag or digest, repository, its namespaces, host, hosts by wildcard. */
function scopesOf(image: string): string[] {
  const at = image.indexOf('@');
  const colon = image.lastIndexOf(':');
  const end = at >= 0 ? at : colon > image.lastIndexOf('/') ? colon : image.length;
  const scopes = [image];
  let path = image.slice(0, end);
  for (; path !== ''; path = path.includes('/') ? path.slice(0, path.lastIndexOf('/')) : '')
    scopes.push(path);
  const [host = ''] = image.split('/');
  const labels = (host.split(':')[0] ?? '').split('.');
  for (let i = 1; i < labels.length; i++) scopes.push(`*.${labels.slice(i).join('.')}`);
  return [...scopes, ''];
}

function member(value: unknown, key: string): unknown {
  if (typeof value !== 'object' || value === null || !Object.hasOwn(value, key)) return undefined;
  return (value as Record<string, unknown>)[key];
}

function typeOf(requirement: unknown): string {
  const type = member(requirement, 'type');
  return typeof type === 'string' ? type : '';
}
