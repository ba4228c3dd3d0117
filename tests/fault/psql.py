"""One psql that stays: statements in, rows out."""
import subprocess


class Psql:
    def __init__(self, url):
        self.psql = subprocess.Popen(["psql", "-XqAt", "-F", "\t", "-v", "ON_ERROR_STOP=1", url],
                                     stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)

    def __call__(self, query, **values):
        """Rows as lists of text; :'name' in the query stands for a value."""
        for name, value in values.items():
            self.psql.stdin.write(f"\\set {name} '{value}'\n")
        self.psql.stdin.write(query + ";\n\\echo .\n")
        self.psql.stdin.flush()
        rows = []
        while (line := self.psql.stdout.readline()) != ".\n":
            if not line:
                raise SystemExit("psql gave up")
            rows.append(line.rstrip("\n").split("\t"))
        return rows
