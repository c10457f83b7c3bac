"""Faults while families book, on private servers: the slowest test of the suite, about half a minute."""

from portail.bench.pannes import essayer


def test_nothing_is_lost_nor_booked_twice_when_servers_are_killed_during_the_rush():
    lignes = essayer(40, ecart=0.4, clients=6)
    verites = [ligne for ligne in lignes if ligne.nom.startswith("  ")]
    assert len(lignes) == 7
    assert [str(ligne) for ligne in verites if ligne.atteinte is False] == []
