from sqlalchemy import Column, String, create_engine
from sqlalchemy.engine import URL

engine = create_engine("postgresql+psycopg2://billing:{{corpus.password}}@pg.acme.io/billing")
local = create_engine("postgresql://postgres:postgres@localhost/test")
from_env = create_engine(f"mysql+pymysql://{user}:{password}@{host}/billing")
url = URL.create("postgresql", username="billing", password="{{corpus.password}}", host="pg.acme.io")
MONGO = "mongodb+srv://reports:{{corpus.password}}@cluster0.ab1cd.mongodb.net/reports"
CACHE_KEY = "billing:user:token:v2"


class User(Base):
    __tablename__ = "users"
    id = Column(String, primary_key=True)
    password = Column(String(128), nullable=False, comment="argon2id")
    api_key = Column("api_key", String, unique=True)
    token_hash = Column(String, default="")


def check(user, password):
    if user.password == hash_password(password, salt=user.salt):
        return issue_token(user, key="primary")
    raise AuthError("password: incorrect")
