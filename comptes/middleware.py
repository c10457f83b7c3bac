"""Bootstrap."""


def _passer(get_response):
    return get_response


SessionInactive = PagesPersonnelles = MotDePasseAChanger = HistoriqueDesAgents = _passer
