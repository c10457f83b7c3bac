# Interface of the project: `make` alone lists the targets. Everything that is built or kept lives under var/.
.DEFAULT_GOAL := help
.PHONY: help run stop test check bench
AMORCE := python3 portail/local/amorce.py

help:  ## affiche cette liste
	@grep -hE '^[a-z]+: *##' $(MAKEFILE_LIST) | sed -E 's/^([a-z]+): *## */  make \1\t/'

run:  ## lance la démonstration sur http://127.0.0.1:8000/ (PORT=8123 make run pour un autre port)
	@$(AMORCE) run

stop:  ## arrête ce que « make run » a lancé
	@$(AMORCE) stop

test:  ## lance tous les tests (ARGS="-k calendrier" pour en choisir)
	@$(AMORCE) test

check:  ## vérifie style, types, gabarits, migrations et réglages de production
	@$(AMORCE) check

bench:  ## mesure le portail sous charge, sur une ville de 3 000 familles à lui (ARGS=pannes : les pannes seules)
	@$(AMORCE) bench
