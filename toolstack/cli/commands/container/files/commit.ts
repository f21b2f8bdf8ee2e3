// SPDX-License-Identifier: Apache-2.0
// thaw commit: makes an image of a container, with changes written as in a Dockerfile.

import { defined } from '../../../../base/defined.js';
import { flag, stringList, stringOption, type Command } from '../../../command.js';
import { UsageError } from '../../../options/usage-error.js';

type Process = Readonly<Record<string, unknown>>;

export const commitCommand: Command = {
  name: 'commit',
  summary: 'Make an image of a container',
  params: 'CONTAINER [IMAGE]',
  examples: [
    'thaw commit web team/web:2',
    "thaw commit -c 'CMD [\"serve\"]' -m 'with data' web web:data",
  ],
  options: {
    author: { type: 'string', short: 'a', describe: 'Author of the image' },
    change: {
      type: 'string',
      short: 'c',
      describe: 'A line of a Dockerfile, such as USER app or CMD ["serve"]; may be repeated',
    },
    pause: {
      type: 'boolean',
      short: 'p',
      describe: 'Freeze the container while its files are read',
    },
    quiet: {
      type: 'boolean',
      short: 'q',
      describe: 'Accepted for podman: only the id is printed anyway',
    },
    message: { type: 'string', short: 'm', describe: "Comment for the image's history" },
  },
  positionals: { min: 1, max: 2 },
  failureStatus: 125,
  async run(parsed, client, engine) {
    const [container = '', image] = parsed.positional;
    const changes = stringList(parsed, 'change').map(parseChange);
    const id = await engine.commit(
      container,
      defined({
        pauses: flag(parsed, 'pause'),
        image,
        author: stringOption(parsed, 'author'),
        message: stringOption(parsed, 'message'),
        change: (config: Process) => changes.reduce((made, change) => change(made), config),
      }),
      client,
    );
    client.out(`${id.replace(/^sha256:/, '')}\n`);
    return 0;
  },
};

/** Reads one instruction as a change of an image's configuration. Throws UsageError. */
export function parseChange(text: string): (config: Process) => Process {
  const [, word = '', rest = ''] = /^([A-Za-z]+)[\s=]+(.+)$/s.exec(text.trim()) ?? [];
  const value = rest.trim();
  const add = (key: string, more: object) => (config: Process) => ({
    ...config,
    [key]: { ...(config[key] as object | undefined), ...more },
  });
  switch (value === '' ? '' : word.toUpperCase()) {
    case 'CMD':
      return (config) => ({ ...config, Cmd: words(value) });
    case 'ENTRYPOINT':
      return (config) => ({ ...config, Entrypoint: words(value) });
    case 'ENV':
      return (config) => ({ ...config, Env: withEnv(config['Env'], pair(text, value)) });
    case 'EXPOSE':
      return add('ExposedPorts', keys(value.split(/\s+/).map(port)));
    case 'LABEL':
      return add('Labels', Object.fromEntries([pair(text, value)]));
    case 'STOPSIGNAL':
      return (config) => ({ ...config, StopSignal: value });
    case 'USER':
      return (config) => ({ ...config, User: value });
    case 'VOLUME':
      return add('Volumes', keys(words(value, /\s+/)));
    case 'WORKDIR':
      return (config) => ({ ...config, WorkingDir: value });
    default:
      throw new UsageError(
        `Cannot use --change "${text}": CMD, ENTRYPOINT, ENV, EXPOSE, LABEL, STOPSIGNAL, USER, VOLUME and WORKDIR are allowed, each with a value`,
      );
  }
}

/** Reads a JSON array. Treats any other text as a line for the shell, or as the words between matches of `split`. */
function words(value: string, split?: RegExp): string[] {
  if (value.startsWith('[')) {
    try {
      const parsed: unknown = JSON.parse(value);
      if (Array.isArray(parsed) && parsed.every((item) => typeof item === 'string')) return parsed;
    } catch {
      // A Dockerfile also treats wrong JSON as a line for the shell.
    }
  }
  return split ? value.split(split) : ['/bin/sh', '-c', value];
}

function pair(text: string, value: string): [string, string] {
  const [, key = '', rest = ''] = /^([^\s=]+)(?:\s*=\s*|\s+)(.*)$/s.exec(value) ?? [];
  if (key === '') throw new UsageError(`Cannot use --change "${text}": write it as KEY=VALUE`);
  return [key, rest.replace(/^"(.*)"$/s, '$1')];
}

function withEnv(before: unknown, [key, value]: [string, string]): string[] {
  const own = Array.isArray(before) ? (before as string[]) : [];
  return [...own.filter((item) => !item.startsWith(`${key}=`)), `${key}=${value}`];
}

function port(value: string): string {
  return value.includes('/') ? value : `${value}/tcp`;
}

function keys(names: string[]): Record<string, object> {
  return Object.fromEntries(names.map((name) => [name, {}]));
}
