namespace Skein.Engine.ChatTemplates;

/// <summary>Why a chat template could not be read or rendered.</summary>
public enum ChatTemplateError
{
    /// <summary>The template is not well-formed Jinja. The model file is at fault.</summary>
    Syntax = 0,

    /// <summary>The template uses a part of Jinja that chat templates have no use for (includes, inheritance, translations, an unknown filter). The model file is at fault.</summary>
    Unsupported = 1,

    /// <summary>The template refused the conversation by <c>raise_exception</c>: roles in an order the model does not know, for example. The request is at fault.</summary>
    Raised = 2,

    /// <summary>An operation of the template failed, as it would in Python: an undefined value was used, a number added to text.</summary>
    Failed = 3,

    /// <summary>The template is too large, or did more work, nested deeper or wrote more text than any honest template does.</summary>
    LimitExceeded = 4,

    /// <summary>Messages, tools or variables are not values a template can take. The request is at fault.</summary>
    BadInput = 5,

    /// <summary>The model has no chat template and its vocabulary knows no format that could stand in.</summary>
    Missing = 6,
}
