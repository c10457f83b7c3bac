app_name = "facturation"
urlpatterns = []
