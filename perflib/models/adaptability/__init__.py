"""How do an officer's figures hold when conditions change? Slopes on demand, drawn towards what peers' slopes are."""

from perflib.models.adaptability.slopes import slopes

__all__ = ["slopes"]
