"""HTTP for what can be done to a picture."""

from fastapi import APIRouter

from services.processing.limits import PipelineLimits
from services.processing.registry import OPERATIONS
from shared.contracts.operations import OperationList, OperationView


def operation_router(limits: PipelineLimits) -> APIRouter:
    """The catalogue of operations, made once: it does not change while the service runs."""
    catalogue = OperationList(
        items=[
            OperationView(
                name=one.name,
                title=one.title,
                description=one.description,
                family=one.family,
                takes=one.takes,
                parameters=one.schema(limits),
            )
            for one in OPERATIONS.values()
        ]
    )
    router = APIRouter(tags=["operations"])

    @router.get("/v1/operations", summary="What can be done to an image")
    def list_operations() -> OperationList:
        """Every operation with its parameters as JSON Schema: defaults, limits, units, descriptions."""
        return catalogue

    return router
