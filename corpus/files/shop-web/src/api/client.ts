import axios, { type AxiosInstance } from 'axios';

const BASE_URL = 'https://api.acme.io/v2';

export function createClient(token: string, tenantId = '{{corpus.uuid}}'): AxiosInstance {
  return axios.create({
    baseURL: BASE_URL,
    headers: {
      Authorization: `Bearer ${token}`,
      'X-Tenant': tenantId,
      'X-Request-Id': crypto.randomUUID(),
    },
  });
}

export async function login(username: string, password: string) {
  const { data } = await axios.post(`${BASE_URL}/login`, { username, password });
  localStorage.setItem('token', data.token);
  return data.token as string;
}

export const demo = createClient('{{jwt.token}}');

export async function partnerOrders() {
  const response = await fetch('https://partner.globex.io/orders', {
    headers: {
      'X-API-Key': '{{corpus.hex-key-40}}',
      Authorization: 'Basic {{http.basic-authorization}}',
    },
  });
  if (response.status === 401) throw new Error('token: expired or revoked, please sign in again');
  return response.json();
}
