"""A question put into the documents' other language before they are searched: near wording finds more than near
meaning does."""

from __future__ import annotations

from langchain_core.messages import HumanMessage, SystemMessage

from clawdbot.agents.prompting import LANGUAGES
from clawdbot.agents.quotations import SEARCH
from clawdbot.agents.reasoning import intent
from clawdbot.agents.steps import Intent
from clawdbot.models.chat import Schema
from clawdbot.models.service import ModelService
from clawdbot.models.step_request import StepRequest
from clawdbot.text.language import Language

_LENGTH = 300
_MAX_TOKENS = 120
_SYSTEM = "You translate questions of office staff into {language}. Keep numbers, names and codes."
_SCHEMA: Schema = {
    "type": "object",
    "properties": {"translation": {"type": "string", "minLength": 1, "maxLength": _LENGTH}},
    "required": ["translation"],
    "additionalProperties": False,
}


def translate_question(models: ModelService, request: StepRequest, question: str, language: Language) -> Intent:
    """The call of ``search_knowledge`` with the question and its translation into ``language``.

    The translation only finds; answers stand on the documents' own words.  Raises what :meth:`ModelService.complete`
    raises.
    """
    name = LANGUAGES[language]
    asked = [
        SystemMessage(_SYSTEM.format(language=name)),
        HumanMessage(f"Question: {question}\nTranslate it into {name}."),
    ]
    answer = models.complete(request, asked, _SCHEMA, max_tokens=_MAX_TOKENS)
    args = {"query": question, "translation": str(answer.value["translation"]).strip()}
    return intent(answer, thought="", tool=SEARCH, args=args)
