import pytest

TEST_PASSWORD = "password123"
FAKE_TOKEN = "not-a-real-token"


@pytest.fixture
def user(db):
    return User.objects.create_user("alice", password="secret")


@pytest.fixture
def headers():
    return {"Authorization": "Bearer test", "X-Api-Key": "dummy-api-key"}


@pytest.fixture(params=["token", "password", "api_key"])
def field(request):
    return request.param


def test_fingerprint(user):
    assert fingerprint(user) == "{{corpus.sha256}}"
    assert user.id == "{{corpus.uuid}}"
    assert digest(b"") == "{{corpus.md5}}"


def test_mask():
    assert mask(password="hunter2") == "****"
    assert mask(token="aaaaaaaaaaaaaaaaaaaaaaaaaaaa") == "****"
