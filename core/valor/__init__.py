from valor._graph import Valor
