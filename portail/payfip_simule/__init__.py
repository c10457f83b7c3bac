"""A PayFiP of our own, for the demo and the tests: the same SOAP contract, a page to pay, and faults to switch on.

It knows nothing of the portal, and the portal nothing of it but an address. Production settings refuse it
(portail/reglages_paiement.py). `python -m portail.payfip_simule --port 8001`; its faults are at `/simulateur/`.
"""
