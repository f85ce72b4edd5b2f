import { z } from 'zod';

const schema = z.object({
  databaseUrl: z.string().url(),
  jwtSecret: z.string().min(32, 'JWT secret must have at least 32 characters'),
  stripeKey: z.string().startsWith('sk_live_'),
});

export const config = schema.parse({
  databaseUrl: process.env.DATABASE_URL,
  jwtSecret: process.env.JWT_SECRET ?? 'development-only',
  stripeKey: process.env.STRIPE_SECRET_KEY!,
});

// Left over from the migration; remove when the new mailer is live.
export const legacyMailer = {
  host: 'mail.acme.io',
  port: 587,
  auth: {
    user: 'shop@acme.io',
    pass: '{{corpus.dotted-password}}',
  },
};

export const ACCESS_TOKEN_KEY = 'acme.shop.accessToken';
export const REFRESH_TOKEN_COOKIE = '__Host-refresh_token';
export const passwordPattern = /^(?=.*[A-Z])(?=.*\d).{12,}$/;
export const apiKeyHeader = 'X-Api-Key';
export const searchClient = {
  appId: 'QX4T7LMP2C',
  adminApiKey: '{{algolia.api-key}}',
  indexName: 'products_production_price_desc',
};
const githubToken: string = '{{github.personal-access-token}}';
let csrfToken = document.querySelector<HTMLMetaElement>('meta[name="csrf-token"]')!.content;
