import { initializeApp } from 'firebase/app';

const firebaseConfig = {
  apiKey: '{{google.api-key}}',
  authDomain: 'acme-shop.firebaseapp.com',
  databaseURL: 'https://acme-shop.firebaseio.com',
  projectId: 'acme-shop',
  storageBucket: 'acme-shop.appspot.com',
  messagingSenderId: '417702331958',
  appId: '1:417702331958:web:4f0c2d97ab1e6635',
  measurementId: 'G-7T4MW2PLQX',
};

export const app = initializeApp(firebaseConfig);
export const vapidPublicKey = '{{corpus.vapid-public-key}}';
export const recaptchaSiteKey = '{{corpus.recaptcha-site-key}}';
