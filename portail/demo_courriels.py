"""Bootstrap."""

urlpatterns: list = []
