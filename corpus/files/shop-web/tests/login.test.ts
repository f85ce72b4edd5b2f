import { test, expect } from 'vitest';
import { login } from '../src/api/client';

const user = { email: 'jane@example.com', password: 'password' };

test('rejects a wrong password', async () => {
  await expect(login(user.email, 'wrong-password')).rejects.toThrow('invalid_password');
});

test('returns a token', async () => {
  const token = await login(user.email, user.password);
  expect(token).toBe('fake-token');
  expect(screen.getByTestId('password-input')).toHaveValue('');
  expect(JSON.parse(body)).toEqual({ token: 'test-token', secret: 'my-secret', password: 'test' });
});

test('staging smoke test', async () => {
  const token = await login('qa@acme.io', '{{corpus.password}}');
  const smoke = { username: 'qa@acme.io', password: '{{corpus.simple-password}}' };
  expect(token).toMatch(/^[\w-]+\.[\w-]+\.[\w-]+$/);
});
