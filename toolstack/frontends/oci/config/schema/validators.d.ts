// SPDX-License-Identifier: Apache-2.0
// Declares the validators that scripts/build-schema.mjs compiles from the schemas in this folder.

export interface SchemaError {
  /** A JSON pointer (RFC 6901) to the value that the schema refuses. */
  instancePath: string;
  /** The schema's keyword that refuses it. */
  keyword: string;
  params: Record<string, unknown>;
  message?: string;
}

/** Returns true where the schema takes the document; else `errors` holds the first error until the next call. */
export interface Validate {
  (document: unknown): boolean;
  errors?: SchemaError[] | null;
}

export const validateConfig: Validate;
export const validateProcess: Validate;
export const validateResources: Validate;
